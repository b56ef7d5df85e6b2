"""The host: contract, kinds, registry, options, jobs, command line. Knows plugins by contract only."""
