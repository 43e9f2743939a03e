"""The connection with IPython: magics, typed lines, completion, input transformer, and ``mig``."""
