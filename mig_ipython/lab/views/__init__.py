"""What ``%mig_lab`` displays."""
