"""What was counted: one Gram matrix of coded answers that nearly every analysis reads."""
