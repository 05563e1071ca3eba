// The headers that most tests include are compiled once, for this and for them.
