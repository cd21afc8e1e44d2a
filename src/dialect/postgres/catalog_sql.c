/* What PostgreSQL's catalogs are asked for a schema's objects, as text. 13 to 18 have all that is named here, but for
 * what postgres_add_catalog_sql chooses by version.
 *
 * One statement reads many schemas. Expressions are told relative to the search path, so the path is set within the
 * statement, for each schema before its rows are made: the nested loop asks `path` first, and OFFSET 0 keeps the planner
 * from moving what stands inside. A schema's objects are found by what depends on it (pg_depend; no index of pg_class has the
 * schema alone), and then by their oids, so a schema costs the same however many others the database has.
 *
 * A row is: the schema's number, kind, owner, name, and an array of names and values of properties in turn, where a value
 * that is NULL is no property.
 */
#include "dialect/postgres/catalog_sql.h"

#include "base/buf.h"
#include "dialect/template.h"
#include "schema/reader.h"

/* SQL is laid out as SQL. */
/* clang-format off */

#define CLASS(name) "'pg_catalog." name "'::pg_catalog.regclass"

/* Of an object in the catalog `class`; `sub` is the column's number. */
#define COMMENT(class, oid, sub) \
    "'comment', (SELECT description FROM pg_catalog.pg_description WHERE objoid = " oid " AND classoid = " CLASS(class) \
    " AND objsubid = " sub ")"

/* An extension's member is the extension's; what is internal to another object is that one's. */
#define NOT_PART(class, oid, how) \
    "NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = " CLASS(class) " AND d.objid = " oid " AND d.deptype IN (" how "))"
#define NOT_OF_EXTENSION(class, oid) NOT_PART(class, oid, "'e'")

/* Who may do what, sorted; the owner is called by that word. */
#define GRANTS(acl, owner) \
    "(SELECT pg_catalog.string_agg(who || '=' || may, ', ' ORDER BY who COLLATE \"C\") FROM (" \
    "SELECT CASE grantee WHEN 0 THEN 'public' WHEN " owner " THEN '{owner}' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) END AS who, " \
    "pg_catalog.string_agg(pg_catalog.lower(privilege_type) || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END, '/' ORDER BY privilege_type) AS may " \
    "FROM pg_catalog.aclexplode(" acl ") GROUP BY 1) granted)"

/* No property where they are what the kind of object has by default; "none" where no one may do anything. */
#define PRIVILEGES(acl, kind, owner) \
    "'privileges', CASE WHEN " acl " IS NOT NULL THEN nullif(coalesce(" GRANTS(acl, owner) ", 'none'), " \
    GRANTS("pg_catalog.acldefault('" kind "', " owner ")", owner) ") END"
/* Of a column: none by default. */
#define COLUMN_PRIVILEGES "'privileges', CASE WHEN a.attacl IS NOT NULL THEN " GRANTS("a.attacl", "c.relowner") " END"
#define OWNER(owner) "'owner', pg_catalog.pg_get_userbyid(" owner ")"

#define SORTED(array) \
    "CASE WHEN " array " IS NOT NULL THEN (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o COLLATE \"C\") FROM pg_catalog.unnest(" array ") o) END"

/* What the schema in hand has, as c, t and p. */
#define SEQUENCES "FROM pg_catalog.unnest(found.sequences) o JOIN pg_catalog.pg_class c ON c.oid = o "
#define RELATIONS "FROM pg_catalog.unnest(found.relations) o JOIN pg_catalog.pg_class c ON c.oid = o "
#define TYPES "FROM pg_catalog.unnest(found.types) o JOIN pg_catalog.pg_type t ON t.oid = o "
#define ROUTINES "FROM pg_catalog.unnest(found.routines) o JOIN pg_catalog.pg_proc p ON p.oid = o "

/* Where a partition's (or heir's) column is not just the parent's. */
#define DIFFERS_FROM_PARENT \
    "EXISTS (SELECT FROM pg_catalog.pg_inherits h " \
    "JOIN pg_catalog.pg_attribute pa ON pa.attrelid = h.inhparent AND pa.attname = a.attname " \
    "LEFT JOIN pg_catalog.pg_attrdef pd ON pd.adrelid = pa.attrelid AND pd.adnum = pa.attnum " \
    "WHERE h.inhrelid = c.oid AND (pa.attnotnull <> a.attnotnull " \
    "OR pg_catalog.pg_get_expr(pd.adbin, pd.adrelid, true) IS DISTINCT FROM pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true)))"

/* What depends on the schema in hand, as m: all that is in it, and what names it besides. */
#define MEMBERS(place) \
    "(SELECT classid, objid FROM pg_catalog.pg_depend WHERE refclassid = " CLASS("pg_namespace") " AND refobjid = " place ".oid) m "

/* Kinds that are counted, by the catalog that has them. */
#define UNREAD_CLASSES \
    "WHEN " CLASS("pg_operator") " THEN 'operator' WHEN " CLASS("pg_opclass") " THEN 'operator class' " \
    "WHEN " CLASS("pg_opfamily") " THEN 'operator family' WHEN " CLASS("pg_conversion") " THEN 'conversion' " \
    "WHEN " CLASS("pg_ts_config") " THEN 'text search configuration' " \
    "WHEN " CLASS("pg_ts_dict") " THEN 'text search dictionary' WHEN " CLASS("pg_ts_parser") " THEN 'text search parser' " \
    "WHEN " CLASS("pg_ts_template") " THEN 'text search template' "
#define UNREAD_CLASS_LIST \
    CLASS("pg_operator") ", " CLASS("pg_opclass") ", " CLASS("pg_opfamily") ", " CLASS("pg_conversion") ", " \
    CLASS("pg_ts_config") ", " CLASS("pg_ts_dict") ", " CLASS("pg_ts_parser") ", " CLASS("pg_ts_template")

#define UNREAD(place, what, from) "UNION ALL SELECT " place ", '" what "' FROM " from " "

/* Values are printed by what is set here. JIT would take longer than the statement, and a plan that reads a catalog in
 * full for each schema would be quadratic. */
static const char settings[] =
    "SET LOCAL jit = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; "
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = ISO, MDY; SET LOCAL IntervalStyle = postgres; "
    "SET LOCAL standard_conforming_strings = on; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = hex; "
    "SET LOCAL quote_all_identifiers = off; ";

/* Before the list of (number, name or NULL for pg_catalog.current_schema(), is the schema all that the tenant has). */
static const char asked[] =
    "WITH asked AS MATERIALIZED (SELECT part, n.oid, nspname, nspacl, nspowner, is_all FROM (VALUES ";

/* Before the list of tables that are left out. What is rare anywhere is found once for all schemas. */
static const char *const left_out[] = {
    ") v (part, asked_name, is_all) "
    "JOIN pg_catalog.pg_namespace n ON nspname = coalesce(asked_name::pg_catalog.name, pg_catalog.current_schema())), "
    "unread AS MATERIALIZED (SELECT place, what, pg_catalog.count(*) AS number FROM ("
    /* those of the server's own types are older than any schema of a tenant */
    "SELECT typnamespace AS place, 'cast' AS what FROM pg_catalog.pg_cast x JOIN pg_catalog.pg_type t ON t.oid IN (castsource, casttarget) "
    "WHERE x.oid >= 16384 AND " NOT_PART("pg_cast", "x.oid", "'e','i'") " ",
    UNREAD("relnamespace", "security label", "pg_seclabel JOIN pg_catalog.pg_class c ON c.oid = objoid WHERE classoid = " CLASS("pg_class")),
    /* what is the whole database's */
    UNREAD("asked.oid", "event trigger", "pg_event_trigger x JOIN asked ON is_all WHERE " NOT_OF_EXTENSION("pg_event_trigger", "x.oid")),
    UNREAD("asked.oid", "foreign server", "pg_foreign_server x JOIN asked ON is_all WHERE " NOT_OF_EXTENSION("pg_foreign_server", "x.oid")),
    UNREAD("asked.oid", "publication", "pg_publication JOIN asked ON is_all"),
    UNREAD("asked.oid", "language", "pg_language x JOIN asked ON is_all WHERE x.oid >= 16384 AND " NOT_OF_EXTENSION("pg_language", "x.oid")),
    UNREAD("asked.oid", "access method", "pg_am x JOIN asked ON is_all WHERE x.oid >= 16384 AND " NOT_OF_EXTENSION("pg_am", "x.oid")),
    UNREAD("asked.oid", "transform", "pg_transform x JOIN asked ON is_all WHERE x.oid >= 16384 AND " NOT_OF_EXTENSION("pg_transform", "x.oid")),
    ") of_all WHERE place IN (SELECT oid FROM asked) GROUP BY 1, 2) ",

    "SELECT found.part, object.kind, object.owner, object.name, object.properties FROM (SELECT asked.*, relations, sequences, "
    "ARRAY(SELECT DISTINCT t.oid FROM " MEMBERS("asked") "JOIN pg_catalog.pg_type t ON m.classid = " CLASS("pg_type") " AND t.oid = m.objid "
    "WHERE t.typnamespace = asked.oid AND t.typtype IN ('e','d','r','c') AND " NOT_OF_EXTENSION("pg_type", "t.oid") " ORDER BY 1) AS types, "
    /* a range's constructors are internal */
    "ARRAY(SELECT DISTINCT p.oid FROM " MEMBERS("asked") "JOIN pg_catalog.pg_proc p ON m.classid = " CLASS("pg_proc") " AND p.oid = m.objid "
    "WHERE p.pronamespace = asked.oid AND " NOT_PART("pg_proc", "p.oid", "'e','i'") " ORDER BY 1) AS routines "
    "FROM asked CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(DISTINCT c.oid) FILTER (WHERE c.relkind <> 'S') AS relations, "
    "pg_catalog.array_agg(DISTINCT c.oid) FILTER (WHERE c.relkind = 'S') AS sequences "
    "FROM " MEMBERS("asked") "JOIN pg_catalog.pg_class c ON m.classid = " CLASS("pg_class") " AND c.oid = m.objid "
    "WHERE c.relnamespace = asked.oid AND c.relkind IN ('r','p','f','v','m','S') AND " NOT_OF_EXTENSION("pg_class", "c.oid") " "
    "AND NOT (c.relkind IN ('r','p') AND c.relname IN (",
    NULL,
};

static const char *const found[] = {
    "))) relations OFFSET 0) found "
    "CROSS JOIN LATERAL (SELECT WHERE pg_catalog.set_config('search_path', pg_catalog.quote_ident(found.nspname), true) IS NOT NULL OFFSET 0) path "
    "CROSS JOIN LATERAL ("

    "SELECT 'database' AS kind, NULL::text AS owner, '' AS name, ARRAY['schema', found.nspname, "
    "'encoding', (SELECT pg_catalog.concat_ws(' ', pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype) FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()), "
    PRIVILEGES("found.nspacl", "n", "found.nspowner") ", 'default privileges', (SELECT pg_catalog.string_agg(given, '; ' ORDER BY given COLLATE \"C\") "
    "FROM (SELECT pg_catalog.concat(pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(defaclrole)), ' on ', CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' "
    "WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE defaclobjtype::text END, ': ', " GRANTS("defaclacl", "defaclrole") ") AS given "
    "FROM pg_catalog.pg_default_acl WHERE defaclnamespace = found.oid) defaults), " OWNER("found.nspowner") "]::text[] AS properties ",

    "UNION ALL SELECT 'not compared', NULL, what, ARRAY['count', number::text] FROM unread WHERE place = found.oid ",
    "UNION ALL SELECT 'not compared', NULL, what, ARRAY['count', pg_catalog.count(DISTINCT objid)::text] FROM ("
    "SELECT CASE m.classid " UNREAD_CLASSES " END AS what, m.objid FROM " MEMBERS("found") "WHERE m.classid IN (" UNREAD_CLASS_LIST ") "
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = m.classid AND d.objid = m.objid AND d.deptype = 'e') ",
    /* not an array's, nor what a table's row or a range makes */
    "UNION ALL SELECT 'base type', t.oid FROM " MEMBERS("found") "JOIN pg_catalog.pg_type t ON m.classid = " CLASS("pg_type") " AND t.oid = m.objid "
    "WHERE t.typnamespace = found.oid AND t.typtype IN ('b','p') AND t.typcategory <> 'A' AND " NOT_OF_EXTENSION("pg_type", "t.oid") " "
    "UNION ALL SELECT 'table of a publication', r.oid FROM " MEMBERS("found") "JOIN pg_catalog.pg_publication_rel r ON m.classid = " CLASS("pg_class")
    " AND r.prrelid = m.objid) members GROUP BY what ",

    "UNION ALL SELECT 'extension', NULL, extname, ARRAY['version', extversion] FROM pg_catalog.pg_extension WHERE extnamespace = found.oid ",

    /* what a tenant that has the whole database has beside its schema, by number; an empty public is every database's */
    "UNION ALL SELECT 'schema', NULL, nspname, ARRAY['tables and views', nullif(number, 0)::text, 'functions', nullif(functions, 0)::text, "
    COMMENT("pg_namespace", "oid", "0") ", " PRIVILEGES("nspacl", "n", "nspowner") ", " OWNER("nspowner") "] "
    "FROM (SELECT n.*, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r','p','f','v','m') "
    "AND " NOT_OF_EXTENSION("pg_class", "c.oid") ") AS number, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_proc p WHERE p.pronamespace = n.oid "
    "AND " NOT_PART("pg_proc", "p.oid", "'e','i'") ") AS functions FROM pg_catalog.pg_namespace n WHERE found.is_all AND n.oid <> found.oid "
    "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND " NOT_OF_EXTENSION("pg_namespace", "n.oid") ") others "
    "WHERE nspname <> 'public' OR number + functions > 0 ",

    /* in a locale that the operating system or ICU knows */
    "UNION ALL SELECT 'collation', NULL, k.collname, ARRAY["
    "'provider', CASE k.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE k.collprovider::text END, "
    "'collate', CASE k.collprovider WHEN 'c' THEN k.collcollate END, 'ctype', CASE k.collprovider WHEN 'c' THEN k.collctype END, "
    "'not deterministic', CASE WHEN NOT k.collisdeterministic THEN 'yes' END, 'version', k.collversion, 'locale', CASE WHEN k.collprovider <> 'c' THEN ",
    NULL,
};

/* After the locale of collation k, whose column has had three names. */
static const char *const after_locale[] = {
    ", " COMMENT("pg_collation", "k.oid", "0") ", " OWNER("k.collowner") "] "
    "FROM " MEMBERS("found") "JOIN pg_catalog.pg_collation k ON m.classid = " CLASS("pg_collation") " AND k.oid = m.objid "
    "WHERE " NOT_OF_EXTENSION("pg_collation", "k.oid") " ",

    /* tables and views as a whole */
    "UNION ALL SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END, "
    "NULL, c.relname, ARRAY["
    "'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, "
    "'of type', CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END, "
    "'partition by', CASE c.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END, "
    "CASE WHEN c.relispartition THEN 'partition of' ELSE 'inherits' END, CASE WHEN c.relkind IN ('r','p','f') THEN "
    "(SELECT pg_catalog.string_agg(inhparent::pg_catalog.regclass::text, ', ' ORDER BY inhseqno) FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid) END, "
    "'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid, true), "
    "CASE WHEN c.relkind IN ('v','m') THEN 'options' ELSE 'storage parameters' END, " SORTED("c.reloptions") ", "
    "'access method', CASE WHEN c.relkind IN ('r','m') THEN (SELECT amname FROM pg_catalog.pg_am WHERE oid = c.relam AND amname <> 'heap') END, "
    "'row security', CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'forced' WHEN c.relrowsecurity THEN 'enabled' "
    "WHEN c.relforcerowsecurity THEN 'forced, but disabled' END, "
    "'replica identity', CASE WHEN c.relkind IN ('r','p') THEN CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' WHEN 'i' THEN 'index' END END, "
    "'server', CASE c.relkind WHEN 'f' THEN (SELECT srvname FROM pg_catalog.pg_foreign_table JOIN pg_catalog.pg_foreign_server f ON f.oid = ftserver WHERE ftrelid = c.oid) END, "
    "'server options', CASE c.relkind WHEN 'f' THEN (SELECT " SORTED("ftoptions") " FROM pg_catalog.pg_foreign_table WHERE ftrelid = c.oid) END, "
    "'definition', CASE WHEN c.relkind IN ('v','m') THEN pg_catalog.pg_get_viewdef(c.oid, true) END, "
    "'tablespace', (SELECT spcname FROM pg_catalog.pg_tablespace WHERE oid = c.reltablespace), "
    COMMENT("pg_class", "c.oid", "0") ", " PRIVILEGES("c.relacl", "r", "c.relowner") ", " OWNER("c.relowner") "] "
    RELATIONS,

    "UNION ALL SELECT 'sequence', NULL, c.relname, ARRAY["
    "'type', pg_catalog.format_type(s.seqtypid, NULL), 'start', s.seqstart::text, 'increment', s.seqincrement::text, "
    "'minimum', s.seqmin::text, 'maximum', s.seqmax::text, 'cache', s.seqcache::text, 'cycle', CASE WHEN s.seqcycle THEN 'yes' END, "
    "'owned by', (SELECT pg_catalog.concat(d.refobjid::pg_catalog.regclass, '.', pg_catalog.quote_ident(a.attname)) FROM pg_catalog.pg_depend d "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = " CLASS("pg_class")
    " AND d.objid = c.oid AND d.deptype = 'a' AND d.refclassid = " CLASS("pg_class") " LIMIT 1), "
    "'persistence', CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, "
    COMMENT("pg_class", "c.oid", "0") ", " PRIVILEGES("c.relacl", "s", "c.relowner") ", " OWNER("c.relowner") "] "
    SEQUENCES "JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid WHERE " NOT_PART("pg_class", "c.oid", "'i'") " ",

    /* columns; of a view only what is not in its query */
    "UNION ALL SELECT 'column', relname, attname, properties FROM (SELECT c.relname, a.attname, ARRAY["
    "'position', pg_catalog.row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum)::text, "
    "'type', pg_catalog.format_type(a.atttypid, a.atttypmod), "
    "'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::pg_catalog.regcollation::text END, "
    "'not null', ",
    NULL,
};

/* Of column a: 18 has constraints of it, which may not be valid yet. */
static const char not_null[] = "CASE WHEN a.attnotnull THEN 'yes' END";
static const char not_null_18[] =
    "CASE WHEN a.attnotnull THEN CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'n' "
    "AND k.conkey[1] = a.attnum AND NOT k.convalidated) THEN 'not valid' ELSE 'yes' END END";

static const char *const columns[] = {
    ", "
    "'identity', CASE WHEN a.attidentity <> '' THEN (SELECT pg_catalog.concat_ws(' ', CASE a.attidentity WHEN 'a' THEN 'always' ELSE 'by default' END, "
    "'start', s.seqstart, 'increment', s.seqincrement, 'minimum', s.seqmin, 'maximum', s.seqmax, 'cache', s.seqcache, CASE WHEN s.seqcycle THEN 'cycle' END) "
    "FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid WHERE d.classid = " CLASS("pg_class") " AND d.refclassid = " CLASS("pg_class")
    " AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'i') END, "
    "CASE a.attgenerated WHEN '' THEN 'default' WHEN 's' THEN 'generated stored' ELSE 'generated virtual' END, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true), "
    "'own sequence', CASE WHEN ad.oid IS NOT NULL AND a.attidentity = '' AND a.attgenerated = '' THEN (SELECT s.relname FROM pg_catalog.pg_depend d "
    "JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' WHERE d.refclassid = " CLASS("pg_class") " AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum "
    "AND d.classid = " CLASS("pg_class") " AND d.deptype = 'a' LIMIT 1) END, "
    "'storage', CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END, "
    "'compression', ",
    NULL,
};

/* After the compression of column a, which 13 does not have. */
static const char compression[] = "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END";

static const char *const rest[] = {
    ", "
    "'statistics options', " SORTED("a.attoptions") ", 'server options', " SORTED("a.attfdwoptions") ", "
    COMMENT("pg_class", "c.oid", "a.attnum") ", " COLUMN_PRIVILEGES "] AS properties, "
    "c.relkind NOT IN ('r','p','f') OR a.attinhcount > 0 AND NOT " DIFFERS_FROM_PARENT " AS is_another, "
    "c.relkind IN ('v','m') AND (ad.oid IS NOT NULL OR a.attacl IS NOT NULL OR EXISTS (SELECT FROM pg_catalog.pg_description WHERE objoid = c.oid "
    "AND classoid = " CLASS("pg_class") " AND objsubid = a.attnum)) AS has_more "
    RELATIONS "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum "
    ") columns WHERE NOT is_another OR has_more ",

    /* constraints of tables; those of partitions that the parent has too are the parent's. 18 has NOT NULL among them. */
    "UNION ALL SELECT CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique constraint' WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' ELSE 'exclusion constraint' END, "
    "c.relname, k.conname, ARRAY['definition', pg_catalog.pg_get_constraintdef(k.oid, true), "
    "'enforcement', CASE WHEN k.contype = 'f' AND EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgenabled <> 'O') THEN 'triggers changed' END, "
    "'storage parameters', CASE WHEN k.contype IN ('p','u','x') THEN (SELECT " SORTED("i.reloptions") " FROM pg_catalog.pg_class i WHERE i.oid = k.conindid) END, "
    "'index', CASE WHEN k.contype IN ('p','u','x') THEN (SELECT nullif(pg_catalog.concat_ws(', ', CASE WHEN NOT i.indisvalid THEN 'invalid' END, "
    "CASE WHEN i.indisclustered THEN 'clustered' END, CASE WHEN i.indisreplident THEN 'replica identity' END), '') FROM pg_catalog.pg_index i WHERE i.indexrelid = k.conindid) END, "
    COMMENT("pg_constraint", "k.oid", "0") "] "
    RELATIONS "JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid "
    "WHERE k.contype NOT IN ('n','t') AND k.conparentid = 0 AND k.coninhcount = 0 ",

    /* and of domains */
    "UNION ALL SELECT 'check', t.typname, k.conname, ARRAY['definition', pg_catalog.pg_get_constraintdef(k.oid, true), " COMMENT("pg_constraint", "k.oid", "0") "] "
    TYPES "JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid WHERE t.typtype = 'd' AND k.contype <> 'n' ",

    /* indexes that no constraint has made, nor the index of a parent */
    "UNION ALL SELECT 'index', c.relname, ic.relname, ARRAY['definition', pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), "
    "'unique', CASE WHEN i.indisunique THEN 'yes' END, 'invalid', CASE WHEN NOT (i.indisvalid AND i.indisready) THEN 'yes' END, "
    "'clustered', CASE WHEN i.indisclustered THEN 'yes' END, 'replica identity', CASE WHEN i.indisreplident THEN 'yes' END, "
    "'tablespace', (SELECT spcname FROM pg_catalog.pg_tablespace WHERE oid = ic.reltablespace), "
    COMMENT("pg_class", "ic.oid", "0") "] "
    RELATIONS "JOIN pg_catalog.pg_index i ON i.indrelid = c.oid JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid WHERE NOT ic.relispartition "
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid AND k.contype IN ('p','u','x')) ",

    "UNION ALL SELECT 'statistics', c.relname, x.stxname, ARRAY['definition', pg_catalog.pg_get_statisticsobjdef(x.oid), " COMMENT("pg_statistic_ext", "x.oid", "0") "] "
    RELATIONS "JOIN pg_catalog.pg_statistic_ext x ON x.stxrelid = c.oid ",

    "UNION ALL SELECT 'trigger', c.relname, g.tgname, ARRAY['definition', pg_catalog.pg_get_triggerdef(g.oid, true), "
    "'state', CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica' END, " COMMENT("pg_trigger", "g.oid", "0") "] "
    RELATIONS "JOIN pg_catalog.pg_trigger g ON g.tgrelid = c.oid WHERE NOT g.tgisinternal "
    "AND (g.tgparentid = 0 OR g.tgenabled <> (SELECT pg.tgenabled FROM pg_catalog.pg_trigger pg WHERE pg.oid = g.tgparentid)) ",

    "UNION ALL SELECT 'rule', c.relname, r.rulename, ARRAY['definition', pg_catalog.pg_get_ruledef(r.oid, true), "
    "'state', CASE r.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica' END, " COMMENT("pg_rewrite", "r.oid", "0") "] "
    RELATIONS "JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid WHERE r.rulename <> '_RETURN' ",

    "UNION ALL SELECT 'policy', c.relname, y.polname, ARRAY["
    "'command', CASE y.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END, "
    "'restrictive', CASE WHEN NOT y.polpermissive THEN 'yes' END, "
    "'roles', (SELECT pg_catalog.string_agg(CASE role WHEN 0 THEN 'public' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(role)) END, ', ' ORDER BY 1) FROM pg_catalog.unnest(y.polroles) role), "
    "'using', pg_catalog.pg_get_expr(y.polqual, y.polrelid, true), 'with check', pg_catalog.pg_get_expr(y.polwithcheck, y.polrelid, true), " COMMENT("pg_policy", "y.oid", "0") "] "
    RELATIONS "JOIN pg_catalog.pg_policy y ON y.polrelid = c.oid ",

    /* types; a composite one is a relation too */
    "UNION ALL SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'range type' END, NULL, t.typname, ARRAY["
    "'values', CASE t.typtype WHEN 'e' THEN (SELECT coalesce(pg_catalog.string_agg(pg_catalog.quote_literal(enumlabel), ', ' ORDER BY enumsortorder), '') FROM pg_catalog.pg_enum WHERE enumtypid = t.oid) END, "
    "'type', CASE t.typtype WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END, "
    "'collation', CASE WHEN t.typtype = 'd' AND t.typcollation <> (SELECT b.typcollation FROM pg_catalog.pg_type b WHERE b.oid = t.typbasetype) THEN t.typcollation::pg_catalog.regcollation::text END, "
    "'not null', CASE WHEN t.typnotnull THEN 'yes' END, 'default', CASE t.typtype WHEN 'd' THEN coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0, true), t.typdefault) END, "
    "'range', CASE t.typtype WHEN 'r' THEN (SELECT pg_catalog.concat_ws(', ', 'subtype ' || pg_catalog.format_type(rngsubtype, NULL), "
    "'collation ' || nullif(rngcollation, 0)::pg_catalog.regcollation, 'canonical ' || nullif(rngcanonical::oid, 0)::pg_catalog.regprocedure, 'difference ' || nullif(rngsubdiff::oid, 0)::pg_catalog.regprocedure, "
    "'operator class ' || (SELECT opcname FROM pg_catalog.pg_opclass WHERE oid = rngsubopc AND NOT opcdefault)) FROM pg_catalog.pg_range WHERE rngtypid = t.oid) END, "
    COMMENT("pg_type", "t.oid", "0") ", " PRIVILEGES("t.typacl", "T", "t.typowner") ", " OWNER("t.typowner") "] "
    TYPES "WHERE t.typtype <> 'c' ",
    "UNION ALL SELECT 'composite type', NULL, c.relname, ARRAY["
    "'attributes', (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', pg_catalog.quote_ident(a.attname), pg_catalog.format_type(a.atttypid, a.atttypmod), "
    "'collate ' || CASE WHEN a.attcollation <> b.typcollation THEN a.attcollation END::pg_catalog.regcollation), ', ' ORDER BY a.attnum) "
    "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type b ON b.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), "
    COMMENT("pg_type", "c.reltype", "0") ", " PRIVILEGES("t.typacl", "T", "t.typowner") ", " OWNER("c.relowner") "] "
    TYPES "JOIN pg_catalog.pg_class c ON c.oid = t.typrelid WHERE t.typtype = 'c' AND c.relkind = 'c' ",

    "UNION ALL SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, NULL, "
    "pg_catalog.concat(pg_catalog.quote_ident(p.proname), '(', pg_catalog.oidvectortypes(p.proargtypes), ')'), ARRAY["
    "'definition', CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(p.oid) ELSE (SELECT pg_catalog.concat_ws(', ', "
    "'transition ' || aggtransfn::pg_catalog.regprocedure, 'state ' || pg_catalog.format_type(aggtranstype, NULL), 'initial ' || pg_catalog.quote_literal(agginitval), "
    "'final ' || nullif(aggfinalfn::oid, 0)::pg_catalog.regprocedure || ' ' || aggfinalmodify::text, 'final gets arguments ' || nullif(aggfinalextra, false)::text, "
    "'combine ' || nullif(aggcombinefn::oid, 0)::pg_catalog.regprocedure, 'serial ' || nullif(aggserialfn::oid, 0)::pg_catalog.regprocedure, "
    "'deserial ' || nullif(aggdeserialfn::oid, 0)::pg_catalog.regprocedure, 'moving ' || nullif(aggmtransfn::oid, 0)::pg_catalog.regprocedure, "
    "'inverse ' || nullif(aggminvtransfn::oid, 0)::pg_catalog.regprocedure, 'moving state ' || pg_catalog.format_type(nullif(aggmtranstype, 0), NULL), "
    "'moving final ' || nullif(aggmfinalfn::oid, 0)::pg_catalog.regprocedure, 'moving initial ' || pg_catalog.quote_literal(aggminitval), "
    "'sort ' || (SELECT oprname FROM pg_catalog.pg_operator WHERE oid = aggsortop), 'kind ' || nullif(aggkind, 'n')::text, 'parallel ' || nullif(p.proparallel, 'u')::text) "
    "FROM pg_catalog.pg_aggregate WHERE aggfnoid = p.oid) END, "
    COMMENT("pg_proc", "p.oid", "0") ", " PRIVILEGES("p.proacl", "f", "p.proowner") ", " OWNER("p.proowner") "] "
    ROUTINES
    ") object",
    NULL,
};
/* clang-format on */

static void add_all(struct buf *buf, const char *const *parts)
{
    for (; *parts; parts++)
        buf_adds(buf, *parts);
}

static void add_names(struct buf *buf, const struct reading *reading)
{
    for (size_t i = 0; i < reading->part_count; i++) {
        const char *schema = reading->parts[i].schema;
        buf_addf(buf, "%s(%zu, ", i ? ", " : "", i);
        if (schema)
            sql_add_literal(buf, schema);
        else
            buf_adds(buf, "NULL");
        buf_adds(buf, schema ? ", false)" : ", true)");
    }
}

void postgres_add_catalog_sql(struct buf *buf, const struct reading *reading)
{
    buf_adds(buf, settings);
    buf_adds(buf, asked);
    add_names(buf, reading);
    add_all(buf, left_out);
    sql_add_literal(buf, reading->version_table);
    buf_adds(buf, ", ");
    sql_add_literal(buf, reading->history_table);
    add_all(buf, found);
    buf_adds(buf, reading->server_version >= 170000   ? "k.colllocale"
                  : reading->server_version >= 150000 ? "k.colliculocale"
                                                      : "k.collcollate");
    buf_adds(buf, " END, 'rules', ");
    buf_adds(buf, reading->server_version >= 160000 ? "k.collicurules" : "NULL");
    add_all(buf, after_locale);
    buf_adds(buf, reading->server_version >= 180000 ? not_null_18 : not_null);
    add_all(buf, columns);
    buf_adds(buf, reading->server_version >= 140000 ? compression : "NULL");
    add_all(buf, rest);
}
