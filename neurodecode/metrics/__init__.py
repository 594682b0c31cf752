"""What a score is: functions on arrays, each with its direction, range and chance level."""
