"""Estimators, one file each; the dotted name is the path."""
