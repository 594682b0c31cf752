"""Features: what models of the world say about a picture or a text that was shown.

A feature is a frozen dataclass whose fields are its arguments. Opened once, it turns batches of
stimuli into arrays; `neurodecode.features._contract.Feature` says what each promises. None sees
brains, labels or folds: what is learnt from training pictures (PCA, z-scores) is a step.
"""
