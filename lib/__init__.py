"""The toolbox: media, geometry, color, stores, networks. Knows neither plugins nor the host."""
