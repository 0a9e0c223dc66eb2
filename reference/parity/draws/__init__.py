"""Cases that Hypothesis draws, and the scripts that failing ones leave."""
