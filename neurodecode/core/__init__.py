"""The vocabulary that every other part speaks: values, names, errors, configuration."""
