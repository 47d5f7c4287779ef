# move-in.py
import csv, http.client, io, json, os, sys, urllib.error, urllib.request

def people(file):
    text = file.decode().replace("\ufeff", "")  # a spreadsheet begins with that mark
    if "\0" in text: raise ValueError("the file is not UTF-8")
    head = next((line for line in text.splitlines() if line.strip()), "")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), skipinitialspace=True, strict=True)
    try: rows = [(lines.line_num, [cell.strip() for cell in line]) for line in lines]
    except csv.Error as why: raise ValueError(f"line {lines.line_num} can't be read ({why})")
    rows = [row for row in rows if any(row[1])] or [(1, [])]
    names = [name.lower() for name in rows.pop(0)[1]]
    if [names.count(name) for name in ("user", "secret")] != [1, 1]: raise ValueError("its first line must name the columns user and secret")
    for number, cells in rows:
        if len(cells) != len(names): raise ValueError(f"line {number} has {len(cells)} cells, and the first line has {len(names)}")
        if any(len(cell.splitlines()) > 1 for cell in cells): raise ValueError(f"a cell that ends in line {number} has several lines")
    return [dict(zip(names, cells)) for _, cells in rows]

def move(rows):
    headers = {"Authorization": "Bearer " + "".join(os.environ["TOKEN"].split()), "Content-Type": "application/json"}
    done, failed = open("moved-in.txt", "a+"), False
    done.seek(0)
    before = set(done.read().splitlines())
    for row in rows:
        if row["user"] in before: continue
        body = {"user": row["user"], "kind": "totp", "secret": row["secret"], "reason": "moving in"}
        body |= {name: row[name] for name in ("name", "email") if row.get(name)}
        request = urllib.request.Request(os.environ["API"] + "/v1/operator/import", json.dumps(body).encode(), headers)
        try:
            urllib.request.urlopen(request, timeout=60).close()
            print(row["user"], file=done, flush=True)
        except urllib.error.HTTPError as problem:
            failed = True
            print(row["user"], problem.code, problem.read().decode(errors="replace").strip(), file=sys.stderr, flush=True)
            if problem.code == 401: break  # the token has ended
    return failed

try: sys.exit(move(people(sys.stdin.buffer.read())))
except UnicodeDecodeError: sys.exit("Nothing was imported: the file is not UTF-8.")
except KeyError as name: sys.exit(f"Nothing was imported: {name} is not set.")
except ValueError as why: sys.exit(f"Nothing was imported: {why}.")
except (OSError, http.client.HTTPException) as why: sys.exit(f"It stopped, so run it again: {why}.")
