"""Networks that judge pictures, with the names of torchvision's weights, so that these load."""
