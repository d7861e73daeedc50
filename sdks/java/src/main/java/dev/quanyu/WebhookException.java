package dev.quanyu;

/** Why a message is not believed. */
public final class WebhookException extends Exception {
    private static final long serialVersionUID = 1;

    WebhookException(String message) {
        super(message);
    }
}
