"""Questions over many possible organisations: what could still fire, what could be true, what could change."""
