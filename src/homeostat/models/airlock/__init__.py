"""The airlock of a node: the one place where memory is reserved, by one holder at a time.

Who wants more memory than the node's jobs hold already goes through the airlock. Its lock belongs
to a process and ends with it; who finds it taken is frozen and thawed in order of coming. A part of
the memory, the room, is never held by anyone outside the airlock: whoever is inside can be served.
"""
