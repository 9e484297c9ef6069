"""Questions over many possible organisations: what could still fire, be, change."""
