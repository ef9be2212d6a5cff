"""Objects to be stored: valid ones of every kind, damaged ones, and what has to become of them."""
