# Writes OUT: the page's files, which are in DIR, as html_body, html_style and html_script of html.h. They become arrays of
# bytes, since a string literal may not be that long.
set(body page.html)
set(style page.css)
set(script page_data.js page_marks.js page_parts.js page_lint.js page_plan.js page_machines.js page_tenants.js page_start.js)
set(text "#include \"report/html.h\"\n")
foreach(name IN ITEMS body style script)
    set(hex "")
    foreach(file IN LISTS ${name})
        file(READ ${DIR}/${file} part HEX)
        string(APPEND hex "${part}")
    endforeach()
    string(LENGTH "${hex}" len)
    math(EXPR len "${len} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND text "static const unsigned char ${name}_bytes[] = {${bytes}};\n"
        "const struct html_part html_${name} = {(const char *)${name}_bytes, ${len}};\n")
endforeach()
file(WRITE ${OUT} "${text}")
