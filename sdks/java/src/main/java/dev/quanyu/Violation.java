package dev.quanyu;

/**
 * What is wrong with one field of a request.
 *
 * @param field the path of the field, such as "items[0].unit_price"
 * @param description what is wrong, and what would be right
 */
public record Violation(String field, String description) {}
