"""The table on an engine, in processes that the engine may kill: what `run` is made of."""
