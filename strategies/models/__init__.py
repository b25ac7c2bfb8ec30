"""What planners share: surrogates, acquisitions, searches over a recipe space, spread batches."""
