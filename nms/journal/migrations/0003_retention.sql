-- What points to an event, for what is removed by age.
CREATE INDEX reconfiguration_event ON reconfiguration(event_id);
