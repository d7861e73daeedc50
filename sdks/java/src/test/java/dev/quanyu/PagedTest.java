package dev.quanyu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quanyu.points.v1.Entry;
import dev.quanyu.points.v1.ListEntriesRequest;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

class PagedTest {
    private static final ListEntriesRequest REQUEST = ListEntriesRequest.newBuilder().setPageSize(2).build();

    @Test
    void allPagesAndAllItemsOfThem() {
        var points = new Fake().services().points();
        assertEquals(List.of(2, 2, 1), points.listEntriesPages(REQUEST).stream().map(page -> page.getEntriesCount()).toList());
        var items = points.listEntriesItems(REQUEST);
        for (int turn = 0; turn < 2; turn++) {
            assertEquals(List.of("0", "1", "2", "3", "4"), items.stream().map(Entry::getEntryId).toList());
        }
        var pages = points.listEntriesPages(REQUEST.toBuilder().setPageSize(5).build()).iterator();
        pages.next();
        assertThrows(NoSuchElementException.class, pages::next);
    }

    @Test
    void aListGoesOnFromWhereTheCallerSaysAndNoFurtherThanItIsRead() {
        var fake = new Fake();
        var request = REQUEST.toBuilder().setPageSize(1).setPageToken("3").build();
        assertEquals("3", fake.services().points().listEntriesItems(request).iterator().next().getEntryId());
        assertEquals(1, fake.pages);
    }

    @Test
    void everyMethodSaysWhetherItMayBeRepeated() throws ReflectiveOperationException {
        int count = 0;
        for (var accessor : Services.class.getDeclaredMethods()) {
            for (var field : accessor.getReturnType().getDeclaredFields()) {
                if (field.getType() == Method.class) {
                    field.setAccessible(true);
                    assertTrue(((Method<?, ?>) field.get(null)).isSafe(), field.toString());
                    count++;
                }
            }
        }
        assertTrue(count > 100, count + " methods");
    }

    @Test
    void everyPageIsIteratedByItsItemsButAStatement() {
        var methods = Arrays.stream(Services.class.getDeclaredMethods())
                .flatMap(accessor -> Arrays.stream(accessor.getReturnType().getDeclaredMethods()))
                .map(java.lang.reflect.Method::getName)
                .toList();
        var pages = methods.stream().filter(name -> name.endsWith("Pages")).toList();
        assertTrue(pages.size() > 20, pages.toString());
        for (var name : pages) {
            assertEquals(!name.equals("getStatementPages"), methods.contains(name.replace("Pages", "Items")), name);
        }
    }
}
