"""Who is served first, who waits for it, since when, and at what price.

A *pool* is a team whose agents share the work. ``reading`` turns a contact's events into moves,
``pool`` applies moves in time order, ``ledger`` keeps who is out of turn and who pays, ``detector``
says when one customer is served first, ``in_turn`` works out what would have been in turn, and
``book`` keeps a pool's moves so that a late one changes the past.
"""
