#include "base/choice.h"

#include "base/buf.h"
#include "base/similar.h"

void choice_add(struct buf *buf, choice_fn *word_at)
{
    const char *word;
    for (size_t i = 0; (word = word_at(i)); i++)
        buf_addf(buf, "%s%s", !i ? "" : word_at(i + 1) ? ", " : " or ", word);
}

bool choice_find(choice_fn *word_at, const char *text, size_t *ret_index)
{
    const char *word;
    for (size_t i = 0; (word = word_at(i)); i++)
        if (strcmp(word, text) == 0) {
            *ret_index = i;
            return true;
        }
    return false;
}

void choice_add_hint(struct err *err, choice_fn *word_at, const char *text)
{
    struct similar similar = similar_to(text);
    const char *word;
    for (size_t i = 0; (word = word_at(i)); i++)
        similar_try(&similar, word);
    similar_add_hint(err, &similar);
}
