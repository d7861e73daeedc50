package dev.quanyu;

import com.google.protobuf.Message;
import java.util.Iterator;
import java.util.NoSuchElementException;

/** Page after page of a list, each asked for when the one before has been used. */
final class PageIterator<Q extends Message, A extends Message> implements Iterator<A> {
    private final Calls calls;
    private final Method<Q, A> method;
    private Q request;

    PageIterator(Calls calls, Method<Q, A> method, Q request) {
        this.calls = calls;
        this.method = method;
        this.request = request;
    }

    @Override
    public boolean hasNext() {
        return request != null;
    }

    @Override
    public A next() {
        if (request == null) {
            throw new NoSuchElementException();
        }
        var page = calls.unary(method, request, null);
        var token = page.getField(page.getDescriptorForType().findFieldByName("next_page_token"));
        request = "".equals(token) ? null : after(request, token);
        return page;
    }

    @SuppressWarnings("unchecked") // A message's builder builds messages of its kind.
    private static <Q extends Message> Q after(Q request, Object token) {
        var field = request.getDescriptorForType().findFieldByName("page_token");
        return (Q) request.toBuilder().setField(field, token).build();
    }
}
