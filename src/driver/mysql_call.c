#include "driver/mysql_call.h"

static int begin(struct mysql_call *call, const char *sql, size_t len)
{
    switch (call->stage) {
    case MYSQL_STAGE_QUERY:
        return mysql_real_query_start(&call->failed, call->mysql, sql, (unsigned long)len);
    case MYSQL_STAGE_ROW: return mysql_fetch_row_start(&call->row, call->result);
    case MYSQL_STAGE_NEXT: return mysql_next_result_start(&call->failed, call->mysql);
    case MYSQL_STAGE_RESET: return mysql_reset_connection_start(&call->failed, call->mysql);
    }
    return 0;
}

static int go_on(struct mysql_call *call, int ready)
{
    switch (call->stage) {
    case MYSQL_STAGE_QUERY: return mysql_real_query_cont(&call->failed, call->mysql, ready);
    case MYSQL_STAGE_ROW: return mysql_fetch_row_cont(&call->row, call->result, ready);
    case MYSQL_STAGE_NEXT: return mysql_next_result_cont(&call->failed, call->mysql, ready);
    case MYSQL_STAGE_RESET: return mysql_reset_connection_cont(&call->failed, call->mysql, ready);
    }
    return 0;
}

bool mysql_call_waits(struct mysql_call *call, int ready, const char *sql, size_t len)
{
    call->waits = call->is_suspended ? go_on(call, ready) : begin(call, sql, len);
    call->is_suspended = call->waits != 0;
    return call->is_suspended;
}

struct want mysql_call_want(const struct mysql_call *call)
{
    unsigned bits = (call->waits & (MYSQL_WAIT_READ | MYSQL_WAIT_EXCEPT) ? WANT_READ : 0u) |
                    (call->waits & MYSQL_WAIT_WRITE ? WANT_WRITE : 0u);
    return (struct want){.bits = bits ? bits : WANT_READ, .fd = mysql_get_socket(call->mysql)};
}
