"""Engines that others wrote, through the suite: one adapter a file, found by the file's name.

An adapter maps PyTorch's names to what the engine has under its own, and adds nothing: an op that
it composed from others would show what the adapter can do, not what the engine can. So arguments
are renamed and reordered here, and what an engine lacks is left out.
"""
