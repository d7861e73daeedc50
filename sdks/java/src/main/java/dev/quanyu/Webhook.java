package dev.quanyu;

import java.time.Instant;

/**
 * A message that the webhook's secret has proved.
 *
 * @param id the message's id, the same when it is delivered again: keep those of the last minutes to tell one that comes twice
 * @param timestamp when it was sent
 */
public record Webhook(String id, Instant timestamp) {}
