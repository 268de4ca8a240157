/** One table or view, as {@link CATALOG} lists it. */
export interface CatalogTable {
  readonly schema: string;
  readonly name: string;
  /** Its name as it is to be written, with its schema where that is needed. */
  readonly written: string;
  /** As in `pg_class.relkind`: `"r"`, `"p"`, `"v"`, `"m"`, `"f"`. */
  readonly kind: string;
  readonly comment: string | null;
  readonly columns: readonly CatalogColumn[];
  /** Keys and checks, as in `PRIMARY KEY (id)`. */
  readonly constraints: readonly string[];
}

interface CatalogColumn {
  readonly written: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly comment: string | null;
  /** The words of an enum. */
  readonly words: readonly string[] | null;
}

/**
 * Lists the tables and views that the role may read, of all schemas but those of the system; of partitioned tables not
 * the parts. Runs as any other query does.
 */
export const CATALOG = `
SELECT n.nspname AS schema, c.relname AS name,
  CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname) AS written,
  c.relkind::text AS kind,
  obj_description(c.oid, 'pg_class') AS comment,
  coalesce((
    SELECT json_agg(json_build_object(
      'written', quote_ident(a.attname), 'type', format_type(a.atttypid, a.atttypmod), 'isRequired', a.attnotnull,
      'comment', col_description(c.oid, a.attnum),
      'words', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid)
    ) ORDER BY a.attnum)
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND has_column_privilege(c.oid, a.attnum, 'SELECT')
  ), '[]') AS columns,
  coalesce((
    SELECT json_agg(pg_get_constraintdef(k.oid) ORDER BY array_position(array['p', 'u', 'f', 'c'], k.contype::text), k.conname)
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c')
  ), '[]') AS constraints
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
ORDER BY NOT pg_table_is_visible(c.oid), n.nspname, c.relname`;
