"""The harness: from an experiment to stored predictions and scores. It knows no page."""
