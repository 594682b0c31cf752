"""EEG, MEG and iEEG with a planted effect."""
