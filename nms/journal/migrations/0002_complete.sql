-- Events that are known by their notification alone: its texts may be cut, and it does not say who set something.
CREATE INDEX event_poorer ON event(cluster_id, generation, seq) WHERE rank < 3 AND authentic = 1 AND seq > 0;
-- Events by their age, for what is removed by it.
CREATE INDEX event_received ON event(received_at);
