"""What a teacher hands out: copies, decks, a course, a room that is big enough."""
