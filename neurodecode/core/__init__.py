"""The vocabulary that every other part of neurodecode speaks: values, names, errors, configuration."""
