"""What a student learns from a teacher, stage by stage."""
