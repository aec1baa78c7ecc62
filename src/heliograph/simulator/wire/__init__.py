"""MTProto over TCP: transports, keys, encryption, sessions."""
