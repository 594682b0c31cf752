"""Networks of torch as scikit-learn estimators, trained by `neurodecode.train.loop`."""
