"""New plugin packages: what a name leads to, the templates, and the writing of the package."""
