"""Built-in plugins: one file, one plugin. They come in through the same door as third parties'."""
