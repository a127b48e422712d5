"""What a verb needs, found and checked before it works: nothing here imports Keras or TensorFlow."""
