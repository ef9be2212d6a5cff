"""What the scenarios of the group ``security`` ask with: TLS, audit messages, what lies on the disk."""
