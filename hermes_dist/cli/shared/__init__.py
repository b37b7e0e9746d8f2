"""What all commands share: session, screen, questions, cards, errors."""
