#include "event/request.h"

bool request_changes(const struct request *request)
{
    return request->verb->changes && !request->is_dry_run;
}

enum plan_command request_plan(const struct request *request)
{
    return request->verb->rolls_back ? request->rolled_back->plan : request->verb->plan;
}
