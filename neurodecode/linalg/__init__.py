"""Mathematics on arrays; no word about brains."""
