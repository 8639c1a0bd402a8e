"""Input decks of finite-element programs, which say everything by numbers that they define themselves."""
