/* The SQL that runs used, so that a report can show it when the files have changed: by the checksum of a file, and through the
 * files of the run's chain. */

#include "ledger/stored.h"

#include "chain/chain.h"

static bool put_section(struct stored_ledger *ledger, const struct revision *revision, size_t n,
                        bool is_withheld, struct err *err)
{
    const struct section *section = &revision->sections[n];
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_add(&sql, section->sql, is_withheld ? 0 : section_shown_len(section));
    bool is_fine = store_run(
        ledger->store, err,
        "INSERT INTO revision_sections(checksum, n, direction, dialect, is_transactional, line, len, sql)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(checksum, n) DO UPDATE SET sql = excluded.sql",
        value_text(revision->checksum), value_int((int64_t)n), value_int(section->direction),
        section->is_general ? value_null() : value_int((int64_t)section->dialect),
        value_int(section->is_transactional), value_int(section->line),
        value_int((int64_t)section->sql_len), value_text(sql.len ? sql.data : ""));
    buf_done(&sql);
    return is_fine;
}

/* What is withheld takes the place of what an earlier run has kept, when no tenant had that password. */
static bool put_sections(struct stored_ledger *ledger, const struct revision *revision,
                         bool is_withheld, struct err *err)
{
    int64_t is_known = !*revision->checksum;
    bool is_fine = is_known || is_withheld ||
                   store_get(ledger->store, err, &is_known,
                             "SELECT EXISTS (SELECT 1 FROM revision_sections WHERE checksum = ?)",
                             value_text(revision->checksum));
    for (size_t i = 0; is_fine && !is_known && i < revision->section_count; i++)
        is_fine = put_section(ledger, revision, i, is_withheld, err);
    return is_fine;
}

bool stored_sections_put(struct stored_ledger *ledger, const struct run_info *run, struct err *err)
{
    const struct chain *chain = run->chain;
    bool is_fine = true;
    for (size_t i = 0; is_fine && chain && i < chain_file_count(chain); i++)
        if (ledger->writing.revision_numbers[i])
            is_fine = put_sections(ledger, chain_file_at(chain, i),
                                   run->withheld && run->withheld[i], err);
    return is_fine;
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool read_section(const struct cursor *row, struct arena *arena, struct section *ret_section)
{
    int64_t direction = cursor_int(row, 1), dialect = cursor_int(row, 2), len = cursor_int(row, 5);
    const char *sql = cursor_copy(row, 6, arena);
    *ret_section = (struct section){
        .direction = (enum direction)direction,
        .is_general = cursor_is_null(row, 2),
        .dialect = (enum dialect_id)dialect,
        .is_transactional = cursor_int(row, 3) != 0,
        .line = (int)cursor_int(row, 4),
        .sql = sql,
        .sql_len = (size_t)len,
    };
    return direction >= 0 && direction < DIRECTION__COUNT && dialect >= 0 &&
           dialect < DIALECT__COUNT && len >= 0 && strlen(sql) <= (size_t)len;
}

/* One id may stand several times: a ledger keeps what a revision was called and where it lay in earlier runs. A checkpoint is known
 * by its checksum, which no id is like. */
static const char *name_of(const struct revision *revision)
{
    return revision->is_checkpoint ? revision->checksum : revision->id;
}

static void give(struct stored_frame *frame, const char *name, const struct section *sections,
                 size_t count)
{
    for (size_t i = 0; count && i < frame->revision_count; i++)
        if (strcmp(name_of(&frame->revisions[i]), name) == 0) {
            frame->revisions[i].sections = sections;
            frame->revisions[i].section_count = count;
        }
}

bool stored_sections_read(struct stored_frame *frame, struct err *err)
{
    struct cursor cursor;
    struct section *sections = NULL;
    size_t count = 0, capacity = 0;
    const char *name = "";
    bool makes_sense = true;
    store_query(
        frame->ledger->store, &cursor,
        "SELECT revision, direction, dialect, is_transactional, line, len, sql, n"
        " FROM chain_files JOIN revision_sections USING (checksum) WHERE digest = ?"
        " UNION ALL SELECT checksum, direction, dialect, is_transactional, line, len, sql, n"
        " FROM revision_sections WHERE checksum IN (SELECT checksum FROM revisions)"
        " ORDER BY 1, 8",
        value_text(frame->run.run.chain_digest));
    while (makes_sense && cursor_next(&cursor)) {
        if (strcmp(cursor_text(&cursor, 0), name) != 0) {
            give(frame, name, sections, count);
            name = cursor_copy(&cursor, 0, frame->arena);
            sections = NULL;
            count = capacity = 0;
        }
        makes_sense = read_section(&cursor, frame->arena,
                                   ARENA_PUSH(frame->arena, sections, count, capacity));
    }
    give(frame, name, sections, count);
    return cursor_end(&cursor, err) &&
           (makes_sense || store_fail_damaged(frame->ledger->store, err));
}
