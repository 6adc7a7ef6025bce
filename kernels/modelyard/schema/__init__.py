"""Wire types: the one definition that the server, the SDK and TypeScript share."""
