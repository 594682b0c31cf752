"""EEG and MEG from dipoles in a spherical head."""
