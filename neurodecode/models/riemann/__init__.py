"""Decoders on the manifold of covariances."""
