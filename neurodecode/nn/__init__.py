"""Layers and networks of torch: modules that know tensors and no brain recordings."""
